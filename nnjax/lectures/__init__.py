"""The lectures: the machines of 1943 to 1998, the gallery of failure modes, and studies; clients of the library."""
