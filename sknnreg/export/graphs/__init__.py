"""Fitted estimators written as ONNX graphs."""
