//! The fake of `bookstore.cart.v1.CartService`.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use contract::{
    bookstore::{
        cart::v1::{cart_service_server::CartService, *},
        inventory::v1::Book,
        r#type::v1::Money,
    },
    errors::cart as errors,
};
use rpc::{Caller, failure};
use tonic::{Request, Response, Status};

use crate::{FaultSwitch, lock};

/// A fake CartService. Clones share the same carts. Three copies of each book are available.
#[derive(Clone, Debug, Default)]
pub struct FakeCarts {
    books: Arc<Vec<Book>>,
    carts: Arc<Mutex<HashMap<String, BTreeMap<i32, i32>>>>,
    /// Its faults.
    pub faults: FaultSwitch,
}

impl FakeCarts {
    /// Carts for these books.
    pub fn of(books: &[Book]) -> Self {
        Self {
            books: Arc::new(books.to_vec()),
            ..Self::default()
        }
    }

    /// The copies by book in a cart: that of a guest, or of an account by its id.
    pub fn contents(&self, owner: &str) -> BTreeMap<i32, i32> {
        lock(&self.carts).get(owner).cloned().unwrap_or_default()
    }

    pub(crate) fn cart(&self, owner: &str, cart_id: &str) -> Cart {
        let contents = self.contents(owner);
        let lines = contents.iter().filter_map(|(book_id, quantity)| {
            let book = self.books.iter().find(|book| book.book_id == *book_id)?;
            Some(CartLine {
                book_id: *book_id,
                title: book.title.clone(),
                quantity: *quantity,
                unit_price: book.price.clone(),
                available: 3,
            })
        });
        let lines: Vec<_> = lines.collect();
        let sum = lines.iter().filter_map(|line| {
            Some(line.unit_price.as_ref()?.amount_minor? * i64::from(line.quantity))
        });
        let sum = Money {
            currency_code: "USD".to_owned(),
            amount_minor: Some(sum.sum()),
        };
        Cart {
            cart_id: cart_id.to_owned(),
            subtotals: if lines.is_empty() {
                Vec::new()
            } else {
                vec![sum]
            },
            lines,
            etag: format!("etag{contents:?}"),
        }
    }

    /// Changes the copies by book in a cart: that of a guest, or of an account by its id.
    pub fn change(&self, owner: &str, change: impl FnOnce(&mut BTreeMap<i32, i32>)) {
        change(lock(&self.carts).entry(owner.to_owned()).or_default());
    }
}

/// The key of a cart: the id of a guest cart, or of the account.
fn owner<T>(request: &Request<T>, cart_id: &str) -> Result<String, Status> {
    if cart_id.is_empty() {
        return Ok(Caller::require_account(request)?.to_string());
    }
    Ok(cart_id.to_owned())
}

#[tonic::async_trait]
impl CartService for FakeCarts {
    async fn get_cart(
        &self,
        request: Request<GetCartRequest>,
    ) -> Result<Response<GetCartResponse>, Status> {
        self.faults.apply("get_cart").await?;
        let owner = owner(&request, &request.get_ref().cart_id)?;
        let cart = Some(self.cart(&owner, &request.get_ref().cart_id));
        Ok(Response::new(GetCartResponse { cart }))
    }

    async fn put_item(
        &self,
        request: Request<PutItemRequest>,
    ) -> Result<Response<PutItemResponse>, Status> {
        self.faults.apply("put_item").await?;
        let owner = owner(&request, &request.get_ref().cart_id)?;
        let request = request.into_inner();
        if !self
            .books
            .iter()
            .any(|book| book.book_id == request.book_id)
        {
            return Err(failure(errors::BOOK_NOT_FOUND, "no such book").into_status());
        }
        self.change(&owner, |cart| {
            cart.insert(request.book_id, request.quantity);
        });
        let cart = Some(self.cart(&owner, &request.cart_id));
        Ok(Response::new(PutItemResponse { cart }))
    }

    async fn remove_item(
        &self,
        request: Request<RemoveItemRequest>,
    ) -> Result<Response<RemoveItemResponse>, Status> {
        self.faults.apply("remove_item").await?;
        let owner = owner(&request, &request.get_ref().cart_id)?;
        let request = request.into_inner();
        self.change(&owner, |cart| {
            cart.remove(&request.book_id);
        });
        let cart = Some(self.cart(&owner, &request.cart_id));
        Ok(Response::new(RemoveItemResponse { cart }))
    }

    async fn clear_cart(
        &self,
        request: Request<ClearCartRequest>,
    ) -> Result<Response<ClearCartResponse>, Status> {
        self.faults.apply("clear_cart").await?;
        let owner = owner(&request, &request.get_ref().cart_id)?;
        self.change(&owner, BTreeMap::clear);
        let cart = Some(self.cart(&owner, &request.get_ref().cart_id));
        Ok(Response::new(ClearCartResponse { cart }))
    }

    async fn merge_cart(
        &self,
        request: Request<MergeCartRequest>,
    ) -> Result<Response<MergeCartResponse>, Status> {
        self.faults.apply("merge_cart").await?;
        let owner = owner(&request, "")?;
        let guest = lock(&self.carts).remove(&request.get_ref().guest_cart_id);
        self.change(&owner, |cart| {
            for (book_id, quantity) in guest.unwrap_or_default() {
                *cart.entry(book_id).or_default() += quantity;
            }
        });
        let cart = Some(self.cart(&owner, ""));
        Ok(Response::new(MergeCartResponse { cart }))
    }
}
