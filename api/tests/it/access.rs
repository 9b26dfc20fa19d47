//! Every route with every role: who is let in, and that nobody is by accident.

use crate::world::{FORM, World};
use api::identity::Role;
use api::identity::guard::Access;
use api::web::route;
use axum::body::Body;
use axum::http::{Method, StatusCode};

/// Fills the parameters of a path with ids that do not exist.
fn example(path: &str) -> String {
    path.split('/')
        .map(|part| if part.starts_with('{') { "999999" } else { part })
        .collect::<Vec<_>>()
        .join("/")
}

fn lets_in(access: Access, role: Option<Role>) -> bool {
    match (access, role) {
        (Access::Public, _) | (Access::SignedIn, Some(_)) => true,
        (Access::SignedIn | Access::May(_), None) => false,
        (Access::May(action), Some(role)) => action.roles().contains(&role),
    }
}

#[tokio::test]
async fn every_route_lets_in_whom_the_table_says_and_nobody_else() {
    let world = World::new().await;
    let stranger = world.stranger();
    let mut browsers = vec![(None, stranger)];
    for role in Role::ALL {
        browsers.push((Some(*role), world.signed_in(role.name()).await));
    }
    for route in route::table() {
        // Signing out would end the sessions that the rest of the walk needs.
        if route.path == "/logout" {
            continue;
        }
        for method in route.methods {
            for (role, browser) in &browsers {
                let body = Body::from(format!("form_token={}", browser.form_token));
                let body = if *method == Method::GET { Body::empty() } else { body };
                let answer = browser.send(method.clone(), &example(route.path), body, &[FORM]).await;
                let what = format!("{method} {} as {role:?}: {}", route.path, answer.status);
                assert!(!answer.status.is_server_error(), "{what}\n{}", answer.body);
                let to_login = answer.location.starts_with("/login?next=");
                let refused =
                    to_login || matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
                let expected =
                    lets_in(route.access, *role) || (route.path == "/login" && *method == Method::POST);
                assert_eq!(!refused, expected, "{what}");
            }
        }
    }
}
