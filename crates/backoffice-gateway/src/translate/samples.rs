//! One good report of each kind, for tests.

use lockstep_contracts::backoffice::v1::*;

pub const NOW: &str = "2026-11-24T12:00:00Z";

pub fn moment(text: &str) -> Option<pbjson_types::Timestamp> {
    Some(lockstep_contracts::time::to_proto(text.parse().expect("a moment")))
}

pub fn at() -> Option<pbjson_types::Timestamp> {
    moment("2026-11-24T09:00:00Z")
}

pub fn picking() -> StockMovement {
    StockMovement {
        event_id: "e-1".to_owned(),
        kind: MovementKind::Picking.into(),
        quantity: "-2".to_owned(),
        sku: "TEE".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        occurred_at: at(),
        ..StockMovement::default()
    }
}

pub fn transfer() -> StockMovement {
    StockMovement {
        kind: MovementKind::Transfer.into(),
        quantity: "2".to_owned(),
        warehouse_code: String::new(),
        from_warehouse_code: "MAIN".to_owned(),
        to_warehouse_code: "SHOP".to_owned(),
        ..picking()
    }
}

pub fn count() -> StockCount {
    StockCount {
        event_id: "c-1".to_owned(),
        sku: "TEE".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        quantity: "38".to_owned(),
        counted_at: at(),
    }
}

fn eur(amount: &str) -> Option<Money> {
    Some(Money { currency: "EUR".to_owned(), amount: amount.to_owned() })
}

pub fn product() -> Product {
    Product {
        event_id: "p-1".to_owned(),
        sku: "KIT".to_owned(),
        price: eur("25.00"),
        cost: eur("6.4000"),
        components: vec![ProductComponent { sku: "TEE".to_owned(), quantity: "2.0".to_owned() }],
        updated_at: at(),
        ..Product::default()
    }
}

pub fn deletion() -> ProductDeletion {
    ProductDeletion { event_id: "d-1".to_owned(), sku: "TEE".to_owned(), deleted_at: at() }
}

fn units() -> OrderUnits {
    OrderUnits {
        line_id: "15".to_owned(),
        quantity: "2.0".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        ..OrderUnits::default()
    }
}

pub fn acceptance() -> OrderAcceptance {
    OrderAcceptance {
        event_id: "a-1".to_owned(),
        order_key: "north:1".to_owned(),
        lines: vec![units()],
        occurred_at: at(),
        ..OrderAcceptance::default()
    }
}

pub fn rejection() -> OrderRejection {
    OrderRejection {
        event_id: "j-1".to_owned(),
        order_key: "north:1".to_owned(),
        whole_order: true,
        occurred_at: at(),
        ..OrderRejection::default()
    }
}

pub fn release() -> OrderRelease {
    OrderRelease {
        event_id: "l-1".to_owned(),
        order_key: "north:1".to_owned(),
        lines: vec![units()],
        occurred_at: at(),
        ..OrderRelease::default()
    }
}

pub fn shipment() -> Shipment {
    let line = ShippedLine {
        line_id: "15".to_owned(),
        quantity: "02".to_owned(),
        ..ShippedLine::default()
    };
    Shipment {
        event_id: "s-1".to_owned(),
        shipment_id: "S1".to_owned(),
        order_key: "north:1".to_owned(),
        warehouse_code: "MAIN".to_owned(),
        status: ShipmentStatus::Shipped.into(),
        packages: vec![ShippedPackage { lines: vec![line.clone()], ..ShippedPackage::default() }],
        lines: vec![line],
        occurred_at: at(),
        ..Shipment::default()
    }
}

pub fn returned() -> Return {
    Return {
        event_id: "r-1".to_owned(),
        return_id: "R1".to_owned(),
        order_key: "north:1".to_owned(),
        status: ReturnStatus::Inspected.into(),
        lines: vec![ReturnedLine {
            line_id: "15".to_owned(),
            quantity_expected: "2.00".to_owned(),
            quantity_received: "1.00".to_owned(),
            disposition: ReturnDisposition::Restock.into(),
            warehouse_code: "MAIN".to_owned(),
            ..ReturnedLine::default()
        }],
        refund: Some(RefundHint { scope: RefundScope::Lines.into(), amount: eur("25.0") }),
        occurred_at: at(),
        ..Return::default()
    }
}

pub fn invoice() -> Invoice {
    Invoice {
        event_id: "i-1".to_owned(),
        invoice_id: "I1".to_owned(),
        kind: InvoiceKind::Invoice.into(),
        state: InvoiceState::Issued.into(),
        order_key: "north:1".to_owned(),
        number: Some(InvoiceNumber { series: String::new(), number: "42".to_owned() }),
        issue_date: "2026-11-24".to_owned(),
        currency: "EUR".to_owned(),
        exchange_rate: "4.9700".to_owned(),
        discharges_stock: Some(true),
        lines: vec![InvoiceLine {
            line_id: "15".to_owned(),
            quantity: "2.0".to_owned(),
            unit_price: "25.00".to_owned(),
            discount: "1.00".to_owned(),
            tax_percent: "19.0".to_owned(),
            warehouse_code: "MAIN".to_owned(),
            ..InvoiceLine::default()
        }],
        total: eur("50.00"),
        paid: eur("0.00"),
        occurred_at: at(),
        ..Invoice::default()
    }
}

pub fn sale() -> Sale {
    Sale {
        event_id: "v-1".to_owned(),
        sale_id: "V1".to_owned(),
        kind: SaleKind::PointOfSale.into(),
        store: "north".to_owned(),
        warehouse_code: "SHOP".to_owned(),
        currency: "EUR".to_owned(),
        lines: vec![SaleLine {
            line_id: "1".to_owned(),
            sku: "TEE".to_owned(),
            quantity: "2.0".to_owned(),
            unit_price: "25.00".to_owned(),
            ..SaleLine::default()
        }],
        total: "50.00".to_owned(),
        sold_at: at(),
        ..Sale::default()
    }
}

pub fn refund() -> SaleRefund {
    SaleRefund {
        event_id: "f-1".to_owned(),
        sale_id: "V1".to_owned(),
        refund_id: "F1".to_owned(),
        lines: vec![RefundedSaleLine {
            line_id: "1".to_owned(),
            quantity: "1.0".to_owned(),
            amount: "25.00".to_owned(),
            ..RefundedSaleLine::default()
        }],
        amount: eur("25.00"),
        refunded_at: at(),
        ..SaleRefund::default()
    }
}
