"""What a page says about the language of its segments.

The shares of the languages on a page, and near a segment, are estimated from its own segments by
expectation-maximisation (a mixture model with known components: Dempster, Laird and Rubin 1977).
They weigh the evidence of each segment. Short strings take the language of a page in one language,
and a page that alternates between two keeps both.
"""

import numpy as np
from numpy.typing import NDArray

_LOCAL_SHARE = 0.15  # of the prior that comes from the two segments on either side
_ROUNDS = 5


def weigh_by_page(
    evidence: NDArray[np.float64], prior_segments: NDArray[np.float64]
) -> NDArray[np.float64]:
    """float64[S, C]: posterior of each class given the evidence and the rest of the page.

    The prior of a segment mixes the shares of the classes on the page (pseudo-counts
    `prior_segments`, float64[C]) with those of the two segments before and after it.
    """
    posterior: NDArray[np.float64] = evidence / evidence.sum(axis=1, keepdims=True)
    for _ in range(_ROUNDS):
        page = posterior.sum(axis=0) + prior_segments
        page /= page.sum()
        near = np.tile(prior_segments / 4, (len(posterior), 1))
        for distance in (1, 2):
            near[distance:] += posterior[:-distance]
            near[:-distance] += posterior[distance:]
        near /= near.sum(axis=1, keepdims=True)
        posterior = evidence * ((1 - _LOCAL_SHARE) * page + _LOCAL_SHARE * near)
        posterior /= posterior.sum(axis=1, keepdims=True)
    return posterior
