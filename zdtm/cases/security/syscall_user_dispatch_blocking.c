/* zdtm:
 * title: a thread whose selector blocks system calls while it is dumped
 * needs: arch:x86_64 kernel>=6.4
 */
#define _GNU_SOURCE
#include "dispatching.h"

int main(int argc, char **argv)
{
	return dispatching_case(argc, argv);
}
