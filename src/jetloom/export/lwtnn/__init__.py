"""The JSON of lwtnn: read, checked, evaluated with NumPy, and written from networks of Keras."""
