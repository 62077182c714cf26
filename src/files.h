/* Files that the process has mapped for their contents, as FileChannel.map does: shown, and charged to nobody, since the kernel can drop
 * their pages. Not code, the JVM's own, devices or memory by another name. Runs on request. */
#ifndef MG_FILES_H
#define MG_FILES_H

#include "base.h"

struct mg_files {
    int64_t mappings, bytes, resident;
};

/* What is mapped now. Takes some milliseconds where much is: the kernel looks at every page, so no lock of the books may be held.
 * False, if it does not wait: another reads, perhaps this very thread. */
bool mg_files_read(struct mg_files *files, bool wait);
void mg_files_after_fork_in_child(void);

#endif
