/*
 * Named points at which a test can make the program die as if by SIGKILL. They exist only in a
 * build with POSTSEAL_CRASH_POINTS: the program looks for the point's name in the file named by the
 * environment variable POSTSEAL_CRASH_FILE, removes the file, and dies. CONTRIBUTING.md lists the
 * points.
 */
#ifndef POSTSEAL_CORE_CRASH_H
#define POSTSEAL_CORE_CRASH_H

#ifdef POSTSEAL_CRASH_POINTS
void crash_point(const char *name);
#else
#define crash_point(name) ((void)0)
#endif

#endif
