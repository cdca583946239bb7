/* zdtm:
 * title: the images' vdso has other code with the functions where this kernel has them
 * rewrite: vdso_of_another_build
 * needs: arch:x86_64
 */
#define _GNU_SOURCE
#include "vdso_case.h"

int main(int argc, char** argv) { return vdso_case(argc, argv, 1); }
