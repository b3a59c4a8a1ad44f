"""The trainer: programs, the plan of devices and lanes, and the host loop; a single run is a population of one."""
