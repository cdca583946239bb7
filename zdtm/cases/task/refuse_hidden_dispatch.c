/* zdtm:
 * title: where the kernel does not show system-call user dispatch, who blocks calls by it is refused and lives on
 * needs: arch:x86_64 kernel>=5.11 kernel<6.4
 * refuse: it dispatches its system calls
 */
#define _GNU_SOURCE
#include "dispatching.h"

int main(int argc, char **argv)
{
	return dispatching_case(argc, argv);
}
