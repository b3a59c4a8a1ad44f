"""Reductions: PCA, LDA, ICA, clusters, SNE, t-SNE, UMAP, latent spaces, and how good each is.

`embed(x, method)` makes one, `lay_out` a population of t-SNE or SNE layouts as one program, `fit` a reduction that can
be used on other points, `cluster` clusters, `qualities` measures.
"""

from nnjax.embed.clusters import Clustering, cluster, scatter
from nnjax.embed.linear import Reduction, fit
from nnjax.embed.methods import METHODS, Embedding, embed, embed_all
from nnjax.embed.quality import MEASURES, qualities, quality
from nnjax.embed.tsne import LayoutConfig, Layouts, lay_out

__all__ = ["MEASURES", "METHODS", "Clustering", "Embedding", "LayoutConfig", "Layouts", "Reduction"]
__all__ += ["cluster", "embed", "embed_all", "fit", "lay_out", "qualities", "quality", "scatter"]
