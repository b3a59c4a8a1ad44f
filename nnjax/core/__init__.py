"""Types and contracts, the experiment and its fields, errors.

Every other package may import it; it imports neither JAX nor Flax.
"""
