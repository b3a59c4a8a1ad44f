"""The trainer: compiled programs (engine), the plan of devices and lanes (layout), the loop that calls them (host)."""
