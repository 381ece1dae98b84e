"""What several benchmarks share.

Whoever imports of it may import `train`, which is run from the checkout and not installed.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
