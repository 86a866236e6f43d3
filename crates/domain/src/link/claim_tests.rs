//! Claims of a SKU: accepted, refused, repeated.

use super::{SkuClaim, SkuClaimCommand, SkuClaimEvent, SkuClaimRejection};
use crate::ids::VariantId;
use crate::testing::given;

const ONE: VariantId = VariantId(1);
const TWO: VariantId = VariantId(2);
const CLAIM: SkuClaimCommand = SkuClaimCommand::ClaimSku { variant: ONE };
const RELEASE: SkuClaimCommand = SkuClaimCommand::ReleaseSku { variant: ONE };

#[test]
fn a_free_sku_is_claimed_and_a_repeated_claim_is_silent() {
    given::<SkuClaim>().when(&CLAIM).then(&[SkuClaimEvent::SkuClaimed { variant: ONE }]);
    given::<SkuClaim>().after([CLAIM]).when(&CLAIM).then_silent();
}

#[test]
fn a_second_variant_is_refused_until_the_first_lets_go() {
    let second = SkuClaimCommand::ClaimSku { variant: TWO };
    given::<SkuClaim>()
        .after([CLAIM])
        .when(&second)
        .then_refused(&SkuClaimRejection::AlreadyLinked { variant: ONE });
    given::<SkuClaim>()
        .after([CLAIM, RELEASE])
        .when(&second)
        .then(&[SkuClaimEvent::SkuClaimed { variant: TWO }]);
}

#[test]
fn only_the_holder_lets_go() {
    let state = given::<SkuClaim>()
        .after([CLAIM])
        .when(&SkuClaimCommand::ReleaseSku { variant: TWO })
        .then_silent();
    assert_eq!(state.variant, Some(ONE));
    given::<SkuClaim>().when(&RELEASE).then_silent();
    let state = given::<SkuClaim>()
        .after([CLAIM])
        .when(&RELEASE)
        .then(&[SkuClaimEvent::SkuReleased { variant: ONE }]);
    assert_eq!(state.variant, None);
}
