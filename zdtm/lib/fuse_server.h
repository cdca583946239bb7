/* A file system of FUSE with one file, `file`, served by a process that is not of the tree: an orphan of the case. */
#pragma once

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static const char fuse_text[] = "served\n";

static inline void fuse_attributes(struct fuse_attr *a, uint64_t node)
{
	memset(a, 0, sizeof *a);
	a->ino = node;
	a->mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0644;
	a->nlink = 1;
	a->size = node == 1 ? 0 : sizeof fuse_text - 1;
}

/* Length of the answer that is put into `out`, or minus an errno. */
static inline int fuse_answer(const struct fuse_in_header *in, const char *body, char *out)
{
	struct fuse_init_out *init = (void *)out;
	struct fuse_attr_out *attr = (void *)out;
	struct fuse_entry_out *entry = (void *)out;
	const struct fuse_read_in *read_in = (const void *)body;

	switch (in->opcode) {
	case FUSE_INIT:
		memset(init, 0, sizeof *init);
		init->major = FUSE_KERNEL_VERSION;
		init->minor = 31;
		init->max_write = 4096;
		return sizeof *init;
	case FUSE_GETATTR:
		memset(attr, 0, sizeof *attr);
		attr->attr_valid = 1000;
		fuse_attributes(&attr->attr, in->nodeid);
		return sizeof *attr;
	case FUSE_LOOKUP:
		if (strcmp(body, "file"))
			return -ENOENT;
		memset(entry, 0, sizeof *entry);
		entry->nodeid = 2;
		entry->entry_valid = entry->attr_valid = 1000;
		fuse_attributes(&entry->attr, 2);
		return sizeof *entry;
	case FUSE_OPEN:
	case FUSE_OPENDIR:
		memset(out, 0, sizeof(struct fuse_open_out));
		return sizeof(struct fuse_open_out);
	case FUSE_READ:
		if (read_in->offset >= sizeof fuse_text - 1)
			return 0;
		strcpy(out, fuse_text + read_in->offset);
		return (int)strlen(out);
	case FUSE_STATFS:
		memset(out, 0, sizeof(struct fuse_statfs_out));
		return sizeof(struct fuse_statfs_out);
	case FUSE_RELEASE:
	case FUSE_RELEASEDIR:
	case FUSE_FLUSH:
	case FUSE_ACCESS:
	case FUSE_DESTROY:
		return 0;
	default:
		return -ENOSYS;
	}
}

static inline void fuse_serve(int device)
{
	static char in[1 << 17], out[8192];
	const struct fuse_in_header *request = (const void *)in;
	struct fuse_out_header *answer = (void *)out;

	for (;;) {
		ssize_t got = read(device, in, sizeof in);

		if (got < 0 && (errno == EINTR || errno == ENOENT))
			continue;
		if (got < 0)
			_exit(0); /* nobody has it mounted any more */
		if (request->opcode == FUSE_FORGET || request->opcode == FUSE_BATCH_FORGET || request->opcode == FUSE_INTERRUPT)
			continue;
		int made = fuse_answer(request, in + sizeof *request, out + sizeof *answer);

		answer->unique = request->unique;
		answer->error = made < 0 ? made : 0;
		answer->len = (uint32_t)sizeof *answer + (made < 0 ? 0 : (uint32_t)made);
		if (write(device, out, answer->len) < 0 && errno != ENOENT)
			_exit(0);
	}
}

/* Mounts it and has it served. 0, or -1 with errno. */
static inline int fuse_mount(const char *where)
{
	char options[100];
	int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	if (device < 0)
		return -1;
	snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", device);
	if (mount("served", where, "fuse.zdtm", MS_NOSUID | MS_NODEV, options))
		return -1;
	pid_t middle = must(fork());
	if (middle == 0) {
		setsid();
		if (must(fork()) == 0) {
			for (int fd = 0; fd < 3; fd++)
				close(fd);
			must(chdir("/"));
			fuse_serve(device);
		}
		_exit(0);
	}
	must(waitpid(middle, NULL, 0));
	close(device);
	return 0;
}
