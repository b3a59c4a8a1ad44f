"""Run folders, what `nnjax.load` opens, settings, and statistics over replicates."""
