#ifndef VERSION_H
#define VERSION_H

extern const char driver_version[];
extern const int cuda_version; /* 13010 for CUDA 13.1 */

#endif
