"""What learning curves mean: features, verdicts and what to try next (deck section 5, "always check your loss")."""
