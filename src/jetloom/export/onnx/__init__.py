"""ONNX: a writer of our own for the layers that jetloom's networks are made of, evaluated by onnxruntime."""
