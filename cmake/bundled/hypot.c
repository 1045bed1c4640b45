/* SPDX-License-Identifier: Apache-2.0 */
/* glibc 2.35 gave hypot a new version without the error handling of System V. It is the only newer function that the
   wheels would need, so they call its first version, which computes the same numbers, and run from glibc 2.34
   on. The linker sends calls of hypot here (--wrap=hypot). */
double old_hypot(double x, double y);
#ifdef __x86_64__
__asm__(".symver old_hypot, hypot@GLIBC_2.2.5");
#else /* the first version of the other 64-bit architectures */
__asm__(".symver old_hypot, hypot@GLIBC_2.17");
#endif

double __wrap_hypot(double x, double y) { return old_hypot(x, y); }
