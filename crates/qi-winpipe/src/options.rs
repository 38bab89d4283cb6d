//! How an instance of a pipe is made. The same everywhere, so that it can be tested everywhere.
#![forbid(unsafe_code)]

/// PIPE_UNLIMITED_INSTANCES of the system.
const UNLIMITED: u8 = 255;

/// How an instance is made.
///
/// # Examples
/// ```
/// use qi_winpipe::Instance;
/// let instance = Instance { is_first: true, ..Instance::default() };
/// assert!(instance.is_inbound && instance.is_outbound, "both directions");
/// assert!(!instance.takes_remote, "a service of this machine is nobody else's");
/// ```
#[derive(Clone, Debug)]
pub struct Instance {
    /// Whether it must be the first of its name.
    pub is_first: bool,
    /// Whether clients may send.
    pub is_inbound: bool,
    /// Whether clients may receive.
    pub is_outbound: bool,
    /// Whether other machines may connect.
    pub takes_remote: bool,
    /// How many instances of the name there may be, up to 254; 255 is any number.
    pub most_instances: u8,
    /// The size of the system's buffer in each direction, in bytes.
    pub buffer_size: u32,
}

impl Default for Instance {
    fn default() -> Self {
        Self {
            is_first: false,
            is_inbound: true,
            is_outbound: true,
            takes_remote: false,
            most_instances: UNLIMITED,
            buffer_size: 64 * 1024,
        }
    }
}
