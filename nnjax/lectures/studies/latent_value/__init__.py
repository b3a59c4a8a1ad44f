"""Study: latent spaces of autoencoders beside other reductions of dimension."""
