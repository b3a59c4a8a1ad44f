"""The training loop in Python, on the host of the devices: call programs segment by segment, keep queue and records."""
