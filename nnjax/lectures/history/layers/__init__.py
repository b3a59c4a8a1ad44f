"""What a layer does: its model and its page."""
