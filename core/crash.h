/*
 * Named places where a test lets the program die as by SIGKILL. Only a build with
 * POSTSEAL_CRASH_POINTS has them: it looks for the name in the file that the environment
 * variable POSTSEAL_CRASH_FILE names, removes the file, and dies. CONTRIBUTING.md lists them.
 */
#ifndef POSTSEAL_CORE_CRASH_H
#define POSTSEAL_CORE_CRASH_H

#ifdef POSTSEAL_CRASH_POINTS
void crash_point(const char *name);
#else
#define crash_point(name) ((void)0)
#endif

#endif
