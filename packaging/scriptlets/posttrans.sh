# SPDX-License-Identifier: MIT
#
# rpm has come to its end, in an upgrade with the old version too: nothing is left for the next boot to complete.
sync
rm -f /var/lib/xen/unfinished
sync
