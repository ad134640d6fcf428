/* SPDX-License-Identifier: GPL-2.0 */
/* C code, too, is built for a CPU that has a feature or has not, as if the kernel had patched it. */
#ifndef PROBE_SHIM_CPUFEATURES_H
#define PROBE_SHIM_CPUFEATURES_H

#include_next <asm/cpufeatures.h>

#undef cpu_feature_enabled
#define cpu_feature_enabled(feature) (feature)

#endif /* PROBE_SHIM_CPUFEATURES_H */
