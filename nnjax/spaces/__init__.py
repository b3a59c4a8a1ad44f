"""Search spaces: ranges, designs, and the trials that a space consists of."""
