"""What the report says of a sweep: its data for the page, its findings, advice and evolution."""
