"""The pages of the studies: what was claimed, what was measured, and whether the claim holds."""
