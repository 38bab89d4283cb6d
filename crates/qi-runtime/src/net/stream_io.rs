//! Reading and writing a connection: the `futures-io` traits.

use super::stream::TcpStream;
use super::transfer::{reads, writes};
use qi_reactor::Watched;
use std::io;
use std::net::Shutdown;

reads!(TcpStream, &TcpStream);
writes!(TcpStream, &TcpStream);

impl TcpStream {
    pub(super) fn watched(&self) -> &Watched<mio::net::TcpStream> {
        self.io()
    }

    /// Tells the peer that nothing more comes. One that has gone need not be told.
    pub(super) fn end(&self) -> io::Result<()> {
        match self.shutdown(Shutdown::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        }
    }
}
