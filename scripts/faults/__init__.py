"""Faults on purpose: runs that are killed, stopped, short of disk and moved to other devices, and must lose nothing."""
