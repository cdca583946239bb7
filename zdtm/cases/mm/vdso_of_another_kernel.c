/* zdtm:
 * title: the images' vdso has its functions elsewhere: the old code stays and leads to this kernel's
 * rewrite: vdso_of_another_kernel
 * compare: nomaps - the old vdso is ordinary memory now, and the kernel's own lies elsewhere
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include "vdso_case.h"

int main(int argc, char** argv) { return vdso_case(argc, argv, 0); }
