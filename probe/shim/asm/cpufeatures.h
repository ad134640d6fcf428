/* SPDX-License-Identifier: GPL-2.0 */
/* C code is also built for a CPU with or without a feature, as if the kernel had patched it. */
#ifndef PROBE_SHIM_CPUFEATURES_H
#define PROBE_SHIM_CPUFEATURES_H

#include_next <asm/cpufeatures.h>

#undef cpu_feature_enabled
#define cpu_feature_enabled(feature) (feature)

#endif /* PROBE_SHIM_CPUFEATURES_H */
