//! Which account a server runs as. Postgres refuses to run as root, so root starts it as
//! `nobody`, who then owns the data folder and nothing else.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;

use crate::DevError;
use crate::command::{on_path, run};

/// The account for servers: our own, or an unprivileged one when we are root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Account {
    Own,
    Unprivileged { uid: u32, gid: u32 },
}

impl Account {
    /// `nobody` for root, else the account that we are.
    pub(crate) fn for_servers() -> Result<Self, DevError> {
        if id(&["-u"])? != 0 {
            return Ok(Self::Own);
        }
        Ok(Self::Unprivileged { uid: id(&["-u", "nobody"])?, gid: id(&["-g", "nobody"])? })
    }

    /// The program as this account would start it.
    pub(crate) fn command(&self, program: &Path) -> Result<Command, DevError> {
        let Self::Unprivileged { uid, gid } = self else { return Ok(Command::new(program)) };
        if let Some(setpriv) = on_path("setpriv") {
            let mut command = Command::new(setpriv);
            command.arg(format!("--reuid={uid}")).arg(format!("--regid={gid}"));
            command.arg("--clear-groups").arg("--").arg(program);
            return Ok(command);
        }
        if let Some(runuser) = on_path("runuser") {
            let mut command = Command::new(runuser);
            command.args(["-u", "nobody", "--"]).arg(program);
            return Ok(command);
        }
        Err(DevError::missing(
            "setpriv or runuser, with which root starts Postgres as an unprivileged account,",
            "install util-linux, or run as a normal user",
        ))
    }

    /// Gives a file or folder to this account.
    pub(crate) fn own(&self, path: &Path) -> Result<(), DevError> {
        match self {
            Self::Own => Ok(()),
            Self::Unprivileged { uid, gid } => {
                chown(path, Some(*uid), Some(*gid)).map_err(DevError::io("give away", path))
            }
        }
    }

    /// Whether this account can come to the folder: it, or its nearest parent that exists,
    /// can be entered.
    pub(crate) fn reaches(&self, folder: &Path) -> bool {
        match self {
            Self::Own => true,
            Self::Unprivileged { .. } => {
                let open_to_all = |dir: &Path| match dir.metadata() {
                    Ok(meta) => meta.mode() & 0o001 != 0,
                    Err(error) => error.kind() == std::io::ErrorKind::NotFound,
                };
                folder.ancestors().all(open_to_all)
            }
        }
    }
}

fn id(arguments: &[&str]) -> Result<u32, DevError> {
    let what = format!("id {}", arguments.join(" "));
    let answer = run(&what, Command::new("id").args(arguments))?;
    answer.trim().parse().map_err(|_| DevError::Command {
        what,
        detail: format!("it answered {:?}, expected a number", answer.trim()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn an_unprivileged_account_does_not_reach_below_a_closed_home() {
        let base = std::env::temp_dir().join(format!("lockstep-reach-{}", std::process::id()));
        let inner = base.join("inner");
        fs::create_dir_all(&inner).expect("the folder can be made");
        let account = Account::Unprivileged { uid: 65_534, gid: 65_534 };

        fs::set_permissions(&base, fs::Permissions::from_mode(0o755)).expect("own folder");
        let open = account.reaches(&inner.join("later"));
        fs::set_permissions(&base, fs::Permissions::from_mode(0o700)).expect("own folder");
        let closed = account.reaches(&inner.join("later"));
        fs::remove_dir_all(&base).expect("own folder");

        assert!(open && !closed);
        assert!(Account::Own.reaches(&inner));
    }
}
