//! What the kernel says of a UDP socket.

use std::fs;
use std::os::fd::AsRawFd;

/// The number by which the kernel's tables name a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inode(u64);

/// The inode of a socket; `None` where there is no `/proc`.
pub(super) fn inode(socket: &impl AsRawFd) -> Option<Inode> {
    let link = fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).ok()?;
    let number = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?;
    number.parse().ok().map(Inode)
}

/// Datagrams that the kernel has dropped at this socket since it was made, because its buffer was full or a checksum
/// was wrong; `None` where the kernel does not tell.
pub(super) fn drops(inode: Inode) -> Option<u64> {
    ["/proc/self/net/udp", "/proc/self/net/udp6"]
        .iter()
        .find_map(|table| drops_in(&fs::read_to_string(table).ok()?, inode))
}

/// Columns of a row: … uid timeout inode ref pointer drops; the inode is the tenth, drops the thirteenth.
fn drops_in(table: &str, inode: Inode) -> Option<u64> {
    table.lines().skip(1).find_map(|row| {
        let mut columns = row.split_ascii_whitespace();
        let of_row: u64 = columns.nth(9)?.parse().ok()?;
        if of_row == inode.0 { columns.nth(2)?.parse().ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_found_by_inode() {
        let table = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
 2025: 0100007F:0202 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 42
 9999: 0100007F:0203 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 815 2 0000000000000000 7
";
        assert_eq!(drops_in(table, Inode(4711)), Some(42));
        assert_eq!(drops_in(table, Inode(815)), Some(7));
        assert_eq!(drops_in(table, Inode(1)), None);
    }

    #[test]
    fn a_real_socket_is_found() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(drops(inode(&socket).unwrap()), Some(0));
    }
}
