"""Exchange networks by files, in and out (safetensors, `jax.export`, ONNX, Keras 3), and predict with what was read.

Nothing is unpickled, and no code of a file is executed.
"""
