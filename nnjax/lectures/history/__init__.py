"""The history of neural networks, 1943 to 1998, a folder a machine: pure functions, no training loop of their own.

Every learning rule is a `Rule`: an `init` and a `step` that scan over presentations and vmap over seeds.
"""
