"""Study: how sensitive embeddings are to their settings."""
