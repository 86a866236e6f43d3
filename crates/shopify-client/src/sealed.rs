//! The seal: XChaCha20-Poly1305 under the process's master key.
//!
//! Sealed bytes are one byte that names the key, 24 bytes of nonce, then the ciphertext with its
//! tag. The name of what is sealed is associated data, so that sealed bytes moved to another name
//! do not open.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use lockstep_ports::{ErrorKind, IdSource, KeyMaker, PersonalKey, PortError, Sealer};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Bytes of a master key.
const KEY_BYTES: usize = 32;
/// Bytes of a mark: enough that two contacts never share one.
const MARK_BYTES: usize = 16;
/// Bytes of a nonce.
const NONCE_BYTES: usize = 24;

/// Why a master key was refused. The texts never show any of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MasterKeyError {
    /// None was given.
    #[error("no master key was given; `lockstep keygen` makes one")]
    Missing,
    /// Not base64.
    #[error("a master key is base64 text; `lockstep keygen` makes one")]
    NotBase64,
    /// Not 32 bytes.
    #[error("a master key has 32 bytes, this one has {0}; `lockstep keygen` makes one")]
    Length(usize),
}

/// Seals with the first master key, opens with any of them: a key is changed by putting the new
/// one first and keeping the old one until everything is sealed anew.
pub struct MasterKeySealer {
    keys: Vec<Key>,
    ids: Arc<dyn IdSource>,
}

struct Key {
    id: u8,
    cipher: XChaCha20Poly1305,
}

impl MasterKeySealer {
    /// Reads master keys, base64 of 32 bytes each, the present one first.
    ///
    /// # Errors
    /// No key, or one that is not 32 bytes of base64.
    pub fn try_new(keys: &[SecretString], ids: Arc<dyn IdSource>) -> Result<Self, MasterKeyError> {
        let keys: Vec<Key> = keys.iter().map(Key::read).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(MasterKeyError::Missing);
        }
        Ok(Self { keys, ids })
    }

    /// A nonce must never come twice under one key; fresh ids never do.
    fn nonce(&self) -> [u8; NONCE_BYTES] {
        let (first, second) = (self.ids.next_id(), self.ids.next_id());
        let mut nonce = [0; NONCE_BYTES];
        let (head, tail) = nonce.split_at_mut(16);
        head.copy_from_slice(first.as_bytes());
        // The second half of an id is the part that is not a point in time.
        tail.copy_from_slice(second.as_bytes().split_at(8).1);
        nonce
    }
}

impl Key {
    fn read(text: &SecretString) -> Result<Self, MasterKeyError> {
        let bytes =
            STANDARD.decode(text.expose_secret().trim()).map_err(|_| MasterKeyError::NotBase64)?;
        let key: [u8; KEY_BYTES] =
            bytes.try_into().map_err(|bytes: Vec<u8>| MasterKeyError::Length(bytes.len()))?;
        Ok(Self::of(&key))
    }

    fn of(key: &[u8; KEY_BYTES]) -> Self {
        // One byte of a hash tells keys apart without telling anything about them. Two keys with
        // the same byte are both tried.
        let digest =
            Sha256::new_with_prefix(b"lockstep master key id").chain_update(key).finalize();
        let id = digest.first().copied().unwrap_or_default();
        Self { id, cipher: XChaCha20Poly1305::new(key.into()) }
    }
}

impl Sealer for MasterKeySealer {
    fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
        let key = self.keys.first().ok_or_else(|| refused(name, "there is no master key"))?;
        let nonce = self.nonce();
        let payload = Payload { msg: plain, aad: name.as_bytes() };
        let sealed = key
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| refused(name, "the cipher refused it"))?;
        let mut out = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        out.push(key.id);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
        let (id, rest) =
            sealed.split_first().ok_or_else(|| refused(name, "the bytes are not sealed"))?;
        let (nonce, body) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(|| refused(name, "the bytes are not sealed"))?;
        let mut named = self.keys.iter().filter(|key| key.id == *id).peekable();
        if named.peek().is_none() {
            return Err(refused(name, "it was sealed with another MASTER_KEY"));
        }
        named
            .find_map(|key| {
                let payload = Payload { msg: body, aad: name.as_bytes() };
                key.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
            })
            .ok_or_else(|| refused(name, "it was changed, or sealed under another name"))
    }
}

/// Makes the keys of customers, and sealers of the same kind as the master key's out of them.
pub struct PersonalKeyMaker {
    ids: Arc<dyn IdSource>,
}

impl PersonalKeyMaker {
    /// A maker whose seals take their nonces from fresh ids.
    pub fn new(ids: Arc<dyn IdSource>) -> Self {
        Self { ids }
    }
}

impl KeyMaker for PersonalKeyMaker {
    fn new_key(&self) -> Result<PersonalKey, PortError> {
        let mut key = PersonalKey::default();
        OsRng.try_fill_bytes(&mut key).map_err(|e| {
            PortError::new(ErrorKind::Transient, "random bits for a customer's key", e)
        })?;
        Ok(key)
    }

    fn sealer(&self, key: &PersonalKey) -> Arc<dyn Sealer> {
        Arc::new(MasterKeySealer { keys: vec![Key::of(key)], ids: self.ids.clone() })
    }

    fn mark(&self, key: &PersonalKey, plain: &[u8]) -> String {
        // The whole key is a valid one for HMAC, whatever its length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
        mac.update(plain);
        let tag = mac.finalize().into_bytes();
        STANDARD.encode(tag.get(..MARK_BYTES).unwrap_or_default())
    }
}

fn refused(name: &str, why: &str) -> PortError {
    PortError::plain(ErrorKind::Permanent, format!("the seal of {name}: {why}"))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use uuid::Uuid;

    use super::*;

    #[derive(Default)]
    struct Counting(AtomicU64);

    impl IdSource for Counting {
        fn next_id(&self) -> Uuid {
            Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
        }
    }

    fn key(fill: u8) -> SecretString {
        STANDARD.encode([fill; KEY_BYTES]).into()
    }

    fn sealer(keys: &[SecretString]) -> MasterKeySealer {
        MasterKeySealer::try_new(keys, Arc::new(Counting::default())).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_again_and_shows_nothing() {
        let sealer = sealer(&[key(1)]);
        let sealed = sealer.seal("north.token", b"shpat_secret").unwrap();
        assert_eq!(sealer.open("north.token", &sealed).unwrap(), b"shpat_secret");
        assert!(!sealed.windows(5).any(|part| part == b"shpat"));
        let again = sealer.seal("north.token", b"shpat_secret").unwrap();
        assert_ne!(sealed, again, "a nonce is never used twice");
    }

    #[test]
    fn another_name_a_changed_byte_or_a_cut_does_not_open() {
        let sealer = sealer(&[key(1)]);
        let sealed = sealer.seal("north.token", b"secret").unwrap();
        assert!(sealer.open("south.token", &sealed).is_err());
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(sealer.open("north.token", &changed).is_err(), "byte {position}");
            assert!(sealer.open("north.token", &sealed[..position]).is_err(), "cut {position}");
        }
    }

    #[test]
    fn the_old_key_opens_and_the_new_one_seals() {
        let old = sealer(&[key(1)]).seal("north.token", b"secret").unwrap();
        let both = sealer(&[key(2), key(1)]);
        assert_eq!(both.open("north.token", &old).unwrap(), b"secret");
        let sealed = both.seal("north.token", b"secret").unwrap();
        assert!(sealer(&[key(2)]).open("north.token", &sealed).is_ok());
        let error = sealer(&[key(1)]).open("north.token", &sealed).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Permanent);
        assert!(error.what.contains("MASTER_KEY"), "{}", error.what);
    }

    #[test]
    fn a_wrong_master_key_is_refused_without_showing_it() {
        let read = |text: &str| {
            let ids = Arc::new(Counting::default());
            MasterKeySealer::try_new(&[text.into()], ids).err()
        };
        assert_eq!(read("not base64!"), Some(MasterKeyError::NotBase64));
        assert_eq!(read("c2hvcnQ="), Some(MasterKeyError::Length(5)));
        let none = MasterKeySealer::try_new(&[], Arc::new(Counting::default())).err();
        assert_eq!(none, Some(MasterKeyError::Missing));
    }
}
