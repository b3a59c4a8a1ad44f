"""Study: a network pretrained on another task beside nets trained here."""
