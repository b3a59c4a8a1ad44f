"""Study: small changes in, small changes out, measured on trained deep networks."""
