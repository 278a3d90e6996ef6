//! Suppliers: created once, then kept in step field by field.

use crate::{
    Pipeline,
    attempt::{Done, Stop, Work, Write},
    push::{Mark, may_adopt, nothing_ignored},
};
use coupa::Supplier;
use mapping::SupplierImage;
use model::{AuditOutcome, Code, CoupaId, Failure, Link, ObjectKind, Sent, SupplierLink};

impl Pipeline {
    pub(crate) async fn push_supplier(
        &self,
        work: &mut Work,
        image: &SupplierImage,
        found: &[Supplier],
    ) -> Result<Done, Stop> {
        work.item.number = Some(image.number.clone());
        if let Some(Link::Supplier(link)) = work.item.link.clone() {
            // Where both sides were compared, its number has been asked for: it may be gone.
            if !work.afresh() || found.iter().any(|shown| shown.id == link.coupa_id) {
                return self.update_supplier(work, image, link).await;
            }
            work.item.link = None;
        }
        if let Some(supplier) = found.first() {
            return self.adopt_supplier(work, image, supplier.id).await;
        }
        let mut body = image.fields.clone();
        body.extend(image.at_creation.clone());
        match self.write::<Supplier>(work, Write::Create(&body)).await {
            Ok(created) => {
                let sent =
                    if nothing_ignored(&body, &created).is_ok() { image.fields.clone() } else { Sent::new() };
                work.item.link = Some(Link::Supplier(SupplierLink { sent, ..SupplierLink::new(created.id) }));
                nothing_ignored(&body, &created)?;
                Ok(Done::new(AuditOutcome::Created, format!("supplier {} created in Coupa", image.number)))
            }
            Err(error) if error.taken() => {
                // Somebody created it since we asked, or the name is another supplier's.
                let again = self.find_supplier(work, &image.number).await?;
                match again.first() {
                    Some(supplier) => self.adopt_supplier(work, image, supplier.id).await,
                    None => Err(refused(error, image)),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn adopt_supplier(
        &self,
        work: &mut Work,
        image: &SupplierImage,
        id: CoupaId,
    ) -> Result<Done, Stop> {
        // Suppliers carry no mark: their number is SAP's CardCode.
        let mark = if work.unknown() { Mark::Ours } else { Mark::None };
        let what = format!("supplier `{}` (Coupa supplier {id})", image.number);
        may_adopt(&mark, self.mapping.adopt(ObjectKind::Supplier), work.document(), &what)?;
        let link = SupplierLink::new(id);
        work.item.link = Some(Link::Supplier(link.clone()));
        self.update_supplier(work, image, link).await
    }

    async fn update_supplier(
        &self,
        work: &mut Work,
        image: &SupplierImage,
        link: SupplierLink,
    ) -> Result<Done, Stop> {
        // What an unfinished attempt changed isn't known, and writing the same twice does no harm.
        let last = if work.unknown() || work.afresh() { Sent::new() } else { link.sent.clone() };
        let body = mapping::difference(&last, &image.fields);
        if body.is_empty() {
            return Ok(Done::new(AuditOutcome::Unchanged, "Coupa already shows it"));
        }
        let reply = self.write(work, Write::Update(link.coupa_id, &body)).await;
        let reply: Supplier = reply.map_err(|error| refused(error, image))?;
        nothing_ignored(&body, &reply)?;
        work.item.link = Some(Link::Supplier(SupplierLink { sent: image.fields.clone(), ..link }));
        let fields: Vec<&str> = body.keys().map(String::as_str).collect();
        Ok(Done::new(
            AuditOutcome::Updated,
            format!("supplier {} updated: {}", image.number, fields.join(", ")),
        ))
    }

    async fn find_supplier(&self, work: &Work, number: &str) -> Result<Vec<Supplier>, Stop> {
        let call = work.read_call();
        let mut found = self.coupa.find_suppliers(&call, &[number.to_owned()]).await?;
        Ok(found.remove(number).unwrap_or_default())
    }
}

/// Coupa's suppliers are unique by name too, and its own words don't say whose name it is.
pub(crate) fn refused(error: coupa::Error, image: &SupplierImage) -> Stop {
    if !error.says("name has already been taken") {
        return error.into();
    }
    let message = format!(
        "supplier {}: its name `{}` is another supplier's in Coupa, where names are unique; make them differ ({error})",
        image.number, image.name
    );
    Stop::Failed(Failure::new(Code::CoupaRefused, message))
}
