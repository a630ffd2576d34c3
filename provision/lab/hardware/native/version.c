/* The only part of the doubles that differs between driver versions. */

#include "version.h"

const char driver_version[] = DRIVER_VERSION;
const int cuda_version = CUDA_VERSION;
