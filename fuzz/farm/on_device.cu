// farm.cu as nvcc sees it. A file of its own, because the host's compiler has the other one in the same build.
#include "fuzz/farm/farm.cu"
