"""Import and export networks: safetensors with a JSON file, programs of `jax.export`, files of Keras 3.

Nothing is unpickled, and no code of a file is executed.
"""
