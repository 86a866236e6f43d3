//! Personal data: sealed with a key of its customer, so that one deletion redacts all of it.
//!
//! Names, addresses, e-mail and phone numbers are sealed before they enter an event, a state, an
//! outbox row or an effect. The keys stand in the bucket `keys`, sealed with the master key; who
//! destroys one makes unreadable whatever it sealed, wherever copies lie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lockstep_domain::StoreId;
use lockstep_ports::{Clock, ErrorKind, KEYS_BUCKET, KeyMaker, Kv, PersonalKey, PortError, Sealer};

/// A key is remembered this long: a redaction elsewhere holds here, too, after that.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(5);
/// Keys that are remembered at once.
const REMEMBERED_MAX: usize = 10_000;
/// Times that a new key is made when another process makes one first.
const RACES_MAX: u32 = 3;

/// Data that was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedData {
    /// The sealed bytes.
    pub bytes: Vec<u8>,
    /// The same for the same data under the same key; tells nothing of it without the key.
    pub mark: String,
}

/// The keys of customers, over the bucket and the master key.
pub struct PersonalKeys {
    kv: Arc<dyn Kv>,
    master: Arc<dyn Sealer>,
    maker: Arc<dyn KeyMaker>,
    clock: Arc<dyn Clock>,
    remembered: Mutex<HashMap<String, Remembered>>,
}

#[derive(Clone, Copy)]
struct Remembered {
    key: PersonalKey,
    until: Timestamp,
}

/// Name of the key of a store's customer.
#[must_use]
pub fn customer_key(store: &StoreId, customer: i64) -> String {
    format!("{store}.{customer}")
}

/// Name of the key of an order that has no customer.
#[must_use]
pub fn order_key(store: &StoreId, order: i64) -> String {
    format!("{store}.order.{order}")
}

impl PersonalKeys {
    /// The keys in a bucket that `master` seals.
    pub fn new(
        kv: Arc<dyn Kv>,
        master: Arc<dyn Sealer>,
        maker: Arc<dyn KeyMaker>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { kv, master, maker, clock, remembered: Mutex::default() }
    }

    /// Seals under the key of this name, which is made when there is none. Errors: those of the
    /// bucket.
    pub async fn seal(&self, name: &str, plain: &[u8]) -> Result<SealedData, PortError> {
        // Never with a remembered key: another process may have destroyed it since.
        let key = match self.look(name).await? {
            Some(key) => key,
            None => self.make(name).await?,
        };
        let bytes = self.maker.sealer(&key).seal(name, plain)?;
        Ok(SealedData { bytes, mark: self.maker.mark(&key, plain) })
    }

    /// Opens; `None` when the key was destroyed, or replaced since. Errors: those of the bucket.
    pub async fn open(&self, name: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, PortError> {
        if let Some(key) = self.recall(name)
            && let Ok(plain) = self.maker.sealer(&key).open(name, sealed)
        {
            return Ok(Some(plain));
        }
        // The remembered key may be the one that was replaced, not the one that sealed this.
        let Some(key) = self.look(name).await? else { return Ok(None) };
        // What does not open under the present key was sealed with one that is destroyed.
        Ok(self.maker.sealer(&key).open(name, sealed).ok())
    }

    /// Destroys a key; silent when there is none. Errors: those of the bucket.
    pub async fn destroy(&self, name: &str) -> Result<(), PortError> {
        self.forget(name);
        self.kv.delete(KEYS_BUCKET, name, None).await
    }

    /// Destroys every key of a store. Errors: those of the bucket.
    pub async fn destroy_of(&self, store: &StoreId) -> Result<(), PortError> {
        for entry in self.kv.list(KEYS_BUCKET, &format!("{store}.")).await? {
            self.destroy(&entry.key).await?;
        }
        Ok(())
    }

    /// The key as it stands in the bucket.
    async fn look(&self, name: &str) -> Result<Option<PersonalKey>, PortError> {
        let Some(entry) = self.kv.get(KEYS_BUCKET, name).await? else {
            self.forget(name);
            return Ok(None);
        };
        let plain = self.master.open(&sealed_as(name), &entry.value)?;
        let key = PersonalKey::try_from(plain).map_err(|_| {
            PortError::plain(ErrorKind::Permanent, format!("the key {name} has a wrong length"))
        })?;
        self.remember(name, key);
        Ok(Some(key))
    }

    async fn make(&self, name: &str) -> Result<PersonalKey, PortError> {
        let mut race = 0;
        loop {
            let key = self.maker.new_key()?;
            let sealed = self.master.seal(&sealed_as(name), &key)?;
            match self.kv.put(KEYS_BUCKET, name, sealed.into(), 0).await {
                Ok(_) => {
                    self.remember(name, key);
                    return Ok(key);
                }
                Err(e) if e.kind == ErrorKind::Conflict && race < RACES_MAX => {
                    race += 1;
                    if let Some(key) = self.look(name).await? {
                        return Ok(key);
                    }
                }
                Err(e) => return Err(e),
            }
        }
    }

    fn recall(&self, name: &str) -> Option<PersonalKey> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(name).filter(|r| r.until > self.clock.now()).map(|r| r.key)
    }

    fn remember(&self, name: &str, key: PersonalKey) {
        let now = self.clock.now();
        let until = now.checked_add(REMEMBERED).unwrap_or(now);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.retain(|_, r| r.until > now);
        }
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(name.to_owned(), Remembered { key, until });
    }

    fn forget(&self, name: &str) {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// A key does not open where another was meant, nor where a token was.
fn sealed_as(name: &str) -> String {
    format!("{KEYS_BUCKET}.{name}")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use lockstep_testkit::ManualClock;
    use lockstep_testkit::bus::MemoryBus;

    use super::*;

    /// A cipher that anybody breaks; enough to tell keys apart.
    struct Xor(u8);

    impl Sealer for Xor {
        fn seal(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, PortError> {
            let sealed = [name.as_bytes(), b"|", plain].concat();
            Ok(sealed.into_iter().map(|byte| byte ^ self.0).collect())
        }

        fn open(&self, name: &str, sealed: &[u8]) -> Result<Vec<u8>, PortError> {
            let plain: Vec<u8> = sealed.iter().map(|byte| byte ^ self.0).collect();
            let plain = plain.strip_prefix(name.as_bytes()).and_then(|p| p.strip_prefix(b"|"));
            plain
                .map(<[u8]>::to_vec)
                .ok_or_else(|| PortError::plain(ErrorKind::Permanent, "it does not open"))
        }
    }

    #[derive(Default)]
    struct Numbered(AtomicU8);

    impl KeyMaker for Numbered {
        fn new_key(&self) -> Result<PersonalKey, PortError> {
            Ok([self.0.fetch_add(1, Ordering::Relaxed) + 1; 32])
        }

        fn sealer(&self, key: &PersonalKey) -> Arc<dyn Sealer> {
            Arc::new(Xor(key[0]))
        }

        fn mark(&self, key: &PersonalKey, plain: &[u8]) -> String {
            format!("{}-{}", key[0], plain.len())
        }
    }

    struct World {
        bus: MemoryBus,
        clock: ManualClock,
        maker: Arc<Numbered>,
    }

    impl World {
        fn new() -> Self {
            let begin = Timestamp::constant(1_795_514_400, 0);
            Self { bus: MemoryBus::new(), clock: ManualClock::at(begin), maker: Arc::default() }
        }

        /// A process of its own: it remembers for itself.
        fn process(&self) -> PersonalKeys {
            let (kv, clock) = (Arc::new(self.bus.clone()), Arc::new(self.clock.clone()));
            PersonalKeys::new(kv, Arc::new(Xor(0xAA)), self.maker.clone(), clock)
        }
    }

    #[tokio::test]
    async fn every_process_uses_the_one_key_of_a_customer() {
        let world = World::new();
        let (one, other) = (world.process(), world.process());
        let sealed = one.seal("north.9", b"Ann").await.unwrap();
        assert_eq!(other.open("north.9", &sealed.bytes).await.unwrap().unwrap(), b"Ann");
        assert_eq!(other.seal("north.9", b"Ann").await.unwrap().mark, sealed.mark);
        let guest = other.seal("north.order.5", b"Ann").await.unwrap();
        assert_ne!(guest.mark, sealed.mark, "another key tells nothing of the first");
        assert_eq!(one.open("north.order.5", &sealed.bytes).await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_key_stands_sealed_under_its_own_name() {
        let world = World::new();
        world.process().seal("north.9", b"Ann").await.unwrap();
        let entry = world.bus.get(KEYS_BUCKET, "north.9").await.unwrap().unwrap();
        assert!(!entry.value.windows(4).any(|part| part == [1; 4]));
        world.bus.put(KEYS_BUCKET, "north.8", entry.value, 0).await.unwrap();
        assert!(world.process().open("north.8", b"").await.is_err(), "it is another's");
    }

    #[tokio::test]
    async fn what_a_destroyed_key_sealed_opens_nowhere_after_five_minutes() {
        let world = World::new();
        let (one, other) = (world.process(), world.process());
        let sealed = one.seal("north.9", b"Ann").await.unwrap();
        assert!(other.open("north.9", &sealed.bytes).await.unwrap().is_some());
        one.destroy("north.9").await.unwrap();
        assert_eq!(one.open("north.9", &sealed.bytes).await.unwrap(), None);
        world.clock.advance(REMEMBERED);
        assert_eq!(other.open("north.9", &sealed.bytes).await.unwrap(), None);
        // A customer who orders again gets another key, which does not open the old.
        other.seal("north.9", b"Ann").await.unwrap();
        assert_eq!(other.open("north.9", &sealed.bytes).await.unwrap(), None);
        one.destroy("nobody").await.unwrap();
    }

    #[tokio::test]
    async fn a_customer_who_orders_again_is_read_at_once_where_the_old_key_is_remembered() {
        let world = World::new();
        let (one, other) = (world.process(), world.process());
        let old = one.seal("north.9", b"Ann").await.unwrap();
        assert!(other.open("north.9", &old.bytes).await.unwrap().is_some());
        one.destroy("north.9").await.unwrap();
        let new = one.seal("north.9", b"Bob").await.unwrap();
        assert_eq!(other.open("north.9", &new.bytes).await.unwrap().unwrap(), b"Bob");
    }

    #[tokio::test]
    async fn nothing_is_sealed_with_a_key_that_another_process_destroyed() {
        let world = World::new();
        let (one, other) = (world.process(), world.process());
        one.seal("north.9", b"Ann").await.unwrap();
        other.destroy("north.9").await.unwrap();
        let sealed = one.seal("north.9", b"Ann").await.unwrap();
        assert_eq!(other.open("north.9", &sealed.bytes).await.unwrap().unwrap(), b"Ann");
    }

    #[tokio::test]
    async fn the_keys_of_a_store_go_together_and_no_others() {
        let world = World::new();
        let keys = world.process();
        for name in ["north.9", "north.order.5", "northwest.9"] {
            keys.seal(name, b"Ann").await.unwrap();
        }
        keys.destroy_of(&"north".parse().unwrap()).await.unwrap();
        let left = world.bus.list(KEYS_BUCKET, "").await.unwrap();
        assert_eq!(left.iter().map(|e| e.key.as_str()).collect::<Vec<_>>(), ["northwest.9"]);
    }
}
