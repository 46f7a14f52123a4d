"""A folder on which everybody waits for ever, as on a network file system whose server has gone."""

import ctypes
import os

MNT_FORCE, MNT_DETACH = 1, 2

libc = ctypes.CDLL(None, use_errno=True)


class HungFolder:
    """Lies over the folder until it is ended: a file system in user space that answers nothing."""

    def __init__(self, folder):
        self.folder = os.fsencode(folder)
        self.server = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.server},rootmode=40000,user_id=0,group_id=0"
        if libc.mount(b"hung", self.folder, b"fuse", 0, options.encode()) != 0:
            raise OSError(ctypes.get_errno(), "mount")

    def end(self):
        """Whoever waits gets an error."""
        os.close(self.server)
        libc.umount2(self.folder, MNT_FORCE | MNT_DETACH)
