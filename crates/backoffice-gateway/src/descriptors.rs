//! The contract's own description of itself: messages, fields, enums and their comments.

use std::sync::LazyLock;

use lockstep_contracts::FILE_DESCRIPTOR_SET;
use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the build wrote these bytes")]
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the embedded descriptor set decodes")
});

/// All messages and enums of the contracts.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// A message by its full name.
pub fn message(full_name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(full_name)
}

/// The comment above a declaration, as one paragraph; empty when there is none.
pub fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    file.file_descriptor_proto()
        .source_code_info
        .iter()
        .flat_map(|info| &info.location)
        .find(|location| location.path == path)
        .and_then(|location| location.leading_comments.as_deref())
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .unwrap_or_default()
}
