"""Networks for other programs: ONNX, lwtnn and frugally-deep, each compared with Keras before it is published."""
