"""Addresses of the pages."""

from django.contrib.auth import views as auth
from django.urls import path

from portal.pages.views import (
    account,
    datasets,
    explore,
    files,
    home,
    investigations,
    jobs,
    reprocess,
    view_file,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("account/", account.account, name="account"),
    path("account/tokens/<str:token_key>/revoke/", account.revoke_token, name="revoke-token"),
    path("investigations/<int:pk>/", investigations.investigation, name="investigation"),
    path("datasets/<int:pk>/", datasets.dataset, name="dataset"),
    path("datasets/<int:pk>/archive/", files.archive, name="archive"),
    path("datasets/<int:pk>/reprocess/", reprocess.choose, name="choose-pipeline"),
    path("datasets/<int:pk>/reprocess/<slug:identifier>/", reprocess.start, name="reprocess"),
    path("datafiles/<int:pk>/download/", files.download, name="download"),
    path("datasets/<int:pk>/explore/", explore.dataset_explore, name="dataset-explore"),
    path("datafiles/<int:pk>/explore/", explore.explore, name="explore"),
    path("datafiles/<int:pk>/explore/plain/", explore.plain, name="explore-plain"),
    path("datafiles/<int:pk>/h5/<str:question>", explore.h5, name="h5"),
    path("datafiles/<int:pk>/view/", view_file.view_file, name="view-file"),
    path("jobs/", jobs.mine, name="jobs"),
    path("jobs/<uuid:pk>/", jobs.job, name="job"),
    path("jobs/<uuid:pk>/progress/", jobs.progress, name="job-progress"),
    path("jobs/<uuid:pk>/cancel/", jobs.cancel, name="cancel-job"),
    path("about/", home.about, name="about"),
]
