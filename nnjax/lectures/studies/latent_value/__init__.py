"""Study: what a latent space is worth."""
