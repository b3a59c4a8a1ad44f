"""Check an experiment by its fields and targets alone, before any network is built: impossible values, unfit losses."""
