/* What a case reads about its own tasks from /proc. All of these return -1 when the file or field is not there. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* The value of a "Name:\tvalue" line of /proc/PID/status, without the newline. A thread's tid will do as well. */
int proc_status(pid_t pid, const char* name, char* value, size_t size);
/* The same, read as a number in the given base; fails the case when it is not there. */
unsigned long long proc_status_number(pid_t pid, const char* name, int base);
/* Field number n (1-based as in proc(5), n >= 3) of /proc/PID/stat. */
long long proc_stat_field(pid_t pid, int n);
/* State letter of a task ('R', 'S', 'T', 'Z', ...) or 0 when there is no such task. */
char proc_state(pid_t pid);
/* Whole file, with a terminating zero; returns its length. */
ssize_t read_file(const char* path, char* buffer, size_t size);
int write_file(const char* path, const char* text);
/* Waits (up to 10 s) until the task sleeps, so that "it blocks in the call under test" is true before test_daemon. */
int wait_for_state(pid_t pid, char state);
